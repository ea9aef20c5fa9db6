// Says which backends are here, and so are tested: `pnpm test` prints it before the tests.
import { backendReport } from '../packages/backend/dist/index.js'

const { backends } = await backendReport()
const here = backends.filter(({ available }) => available).map(({ name }) => name)
console.log(`backends tested: ${here.join(', ')}`)
for (const { name, available, reason } of backends) if (!available) console.log(`  not ${name}: ${reason}`)
process.exit(0) // whatever looking for a GPU left open
