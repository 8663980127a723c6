const SECTOR = 512;

/** A linear congruential sequence per sector, as fill_pattern() in guests/paravirt-io/disk.c. */
function fillPattern(image, sector, salt) {
  let state = (Math.imul(sector, 2654435761) + salt) >>> 0;
  for (let at = sector * SECTOR; at < (sector + 1) * SECTOR; at += 2) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    image.writeUInt16LE(state >>> 16, at);
  }
}

/** The disk of paravirt-io: a sector to be read by people, a pattern to be read by the guest, and room to write. */
function paravirtIoDisk() {
  const sectors = 2048;
  const writeStart = 1024;
  const saltRead = 0x52494e47;
  const image = Buffer.alloc(sectors * SECTOR);
  image.write(
    [
      'Ringside paravirt-io disk',
      '',
      `Sectors 1-${writeStart - 1} hold a pattern that the guest reads and checks.`,
      `Sectors ${writeStart}-${sectors - 1} are its to write.`,
      '',
    ].join('\n'),
  );
  for (let sector = 1; sector < writeStart; sector++) fillPattern(image, sector, saltRead);
  return image;
}

/** Disk images by the name that guest.json uses. Each is the same, bit for bit, whenever it is made. */
export const DISK_IMAGES = { 'paravirt-io': paravirtIoDisk };
