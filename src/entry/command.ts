import { main } from '../cli/main.ts'
import { disown } from '../platform/self.ts'

if (process.connected) disown()
main(process.argv.slice(2))
