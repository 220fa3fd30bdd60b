import { defineErrors } from '../core/index.ts'

export const cliError = defineErrors({
  CLI_USAGE: { status: 400, retryable: false, title: 'The command line is not understood' },
  CLI_NO_INSTANCE: { status: 503, retryable: true, title: 'No running instance was found' },
  CLI_NO_BROKER: { status: 503, retryable: true, title: 'No Kafka broker was found' },
  CLI_UNREACHABLE: { status: 503, retryable: true, title: 'The instance does not answer' },
  CLI_REFUSED: { status: 422, retryable: false, title: 'The instance refused the request' },
  CLI_INSTANCE_RUNS: { status: 409, retryable: true, title: 'An instance uses the data folder' },
  CLI_INVALID_APP: { status: 422, retryable: false, title: 'The app file cannot be loaded' },
  CLI_JOB_FAILED: { status: 409, retryable: true, title: 'A training did not end well' },
  CLI_NOT_READY: { status: 503, retryable: true, title: 'The instance is not ready' },
})
