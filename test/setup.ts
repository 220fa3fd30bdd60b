/** Property tests draw from one seed, printed with a failure, so that a run can be repeated; `MILLRACE_SEED` gives another. */
import fc from 'fast-check'

fc.configureGlobal({ seed: Number(process.env['MILLRACE_SEED'] ?? 20_261_121) })
