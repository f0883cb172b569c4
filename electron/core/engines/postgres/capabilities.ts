import type { EngineCapabilities } from '../engine.ts';
import { exportFormats, tableFormats, wholeFormats } from './formats.ts';

export const capabilities: EngineCapabilities = {
  consistency: ['transaction'],
  checkpoint: true,
  browse: true,
  query: true,
  inPlace: false,
  exportFormats,
  tableFormats,
  importFormats: wholeFormats,
  choices: ['roles', 'createRoles', 'noOwner', 'noGrants', 'skipExtensions', 'tablespaces', 'noTablespaces', 'only', 'acceptPart'],
  drill: ['container', 'scratch-database'],
};
