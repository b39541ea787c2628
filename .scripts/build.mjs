// npm run build
import './node-version.mjs';
import { build } from './compile.mjs';
import { installDependencies } from './dependencies.mjs';
import { fail } from './run.mjs';

try {
  await installDependencies();
  await build({ force: true });
} catch (error) {
  fail(error);
}
