import { describe, it } from 'vitest';
import { collect } from '../../../electron/core/repository/collect/collect.ts';
import { Collecting } from '../../helpers/repository/collecting.ts';

const on = new Collecting();

describe('what collect keeps', () => {
  it('of a mostly dead plain segment, the chunks that are needed and no others', async () => {
import { collectWorld } from '../../helpers/repository/collect-world.ts';

const world = collectWorld();
const {  } = world;


