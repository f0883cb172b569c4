import type { BelayClient } from '../contract/client.ts';
import { AppError } from '../core/app/faces.ts';
import type { Served } from './world.ts';

export async function connect(home: string): Promise<BelayClient> {
  throw new AppError('home.unusable', `There is no host for ${home} in this build.`);
}

export async function serve(home: string, _options: { readonly port?: number }): Promise<Served> {
  throw new AppError('home.unusable', `There is no host for ${home} in this build.`);
}
