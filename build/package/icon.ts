import { Data } from 'resedit'

const BACKGROUND = [0x24, 0x29, 0x2f]
const BARS = [
  [0x3f, 0xb9, 0x50],
  [0x58, 0xa6, 0xff],
  [0xf0, 0x88, 0x3e],
]

/** The program's icon, `size` pixels wide: three jobs in a queue, the first one on its way out. */
export function icon(size: number): Data.RawIconItem | Data.IconItem {
  const pixels = Buffer.alloc(size * size * 4)
  const mask = Buffer.alloc(Math.ceil(size / 32) * 4 * size)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [red = 0, green = 0, blue = 0] = colour(x / size, y / size)
      // Bitmaps are stored from the bottom up, as blue, green, red, alpha.
      pixels.set([blue, green, red, 255], ((size - 1 - y) * size + x) * 4)
    }
  }
  const header = Buffer.alloc(40)
  for (const [at, value] of [40, size, size * 2].entries()) header.writeUInt32LE(value, at * 4)
  header.writeUInt16LE(1, 12)
  header.writeUInt16LE(32, 14)
  header.writeUInt32LE(pixels.length, 20)
  return Data.RawIconItem.from(Buffer.concat([header, pixels, mask]), size, size, 32)
}

/** Colour of a point in the unit square. */
function colour(x: number, y: number): readonly number[] {
  const row = Math.floor((y - 0.14) / 0.26)
  const inside = (y - 0.14) % 0.26 < 0.18 && y > 0.14
  const begin = row === 0 ? 0.3 : 0.15
  return inside && x >= begin && x < begin + 0.6 ? (BARS[row] ?? BACKGROUND) : BACKGROUND
}
