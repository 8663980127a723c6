/**
 * Prints where the images of Debian's Linux are, as JSON, and fetches them first if need be. Run by tsx in a process of its
 * own: the module that knows them looks for files beside itself.
 *
 *     node --import=tsx bench/linux-images.ts [686|686-pae]
 */
import { cachedImages, FLAVOURS, fetchImages } from '../test/guests/linux/images';
import { INIT_MARKER } from '../test/guests/linux/initramfs';

const [wanted = '686'] = process.argv.slice(2);
const flavour = FLAVOURS.find((name) => name === wanted);
if (!flavour) throw new Error(`there is no kernel "${wanted}"; there are ${FLAVOURS.join(' and ')}`);
if (!cachedImages(flavour)) fetchImages();
console.log(JSON.stringify({ ...cachedImages(flavour), marker: INIT_MARKER }));
