import { sideBySide } from '../helpers/side-by-side.ts'
import { BOOTS } from './boots.ts'
import { CLOCKS } from './clocks.ts'
import { FREEZES } from './freezes.ts'
import { LOCKS } from './locks.ts'

sideBySide('faults that take long to show @posix @slow', { ...FREEZES, ...LOCKS, ...CLOCKS, ...BOOTS })
