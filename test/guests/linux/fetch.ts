/**
 * Fetches what `npm run linux` boots into out/linux. Works on Debian; elsewhere it says why not.
 *
 *     node --import=tsx test/guests/linux/fetch.ts
 */
import { fetchImages } from './images';
import { Unavailable } from './packages';

try {
  fetchImages();
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  console.error(`SKIPPED: no Linux to boot: ${error.message}`);
}
