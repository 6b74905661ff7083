import { programTexts } from '../program.ts'

// Replaces `#licenses` when the program runs from source; a build has the licences in a file next to it, or inside.

/** The licences of everything in the program. */
const licenses: string = (await programTexts('sources')).licenses
export default licenses
