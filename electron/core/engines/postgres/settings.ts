import type { Owner } from '../../containers/owner.ts';
import type { ToolSettings } from './tools/tools.ts';

/** What the engine is made with. */
export interface PostgresSettings extends ToolSettings {
  /** In whose name throw-away instances are made; missing where none is ever to be made. */
  readonly owner?: Owner;
}
