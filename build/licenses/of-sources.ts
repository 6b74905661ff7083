import { programTexts } from '../program.ts'

// What `#licenses` is where the program runs from its sources; what is built has it as a file beside it, or inside.

/** The licences of all that the program is made of. */
const licenses: string = (await programTexts('sources')).licenses
export default licenses
