import { defineErrors } from '../core/index.ts'

export const kernelError = defineErrors({
  KERNEL_MISSING: {
    status: 500,
    retryable: false,
    title: 'A WebAssembly file of the product is missing or cannot run here',
  },
  KERNEL_TOO_LARGE: {
    status: 422,
    retryable: false,
    title: 'A computation needs more memory than one WebAssembly memory has',
  },
  KERNEL_THREAD_LOST: {
    status: 500,
    retryable: true,
    title: 'A thread of a computation ended before its work was done',
  },
})
