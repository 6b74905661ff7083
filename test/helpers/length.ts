/**
 * How long tests are that can be of any length, as a share of their full one, by QUEUECTL_TEST_LENGTH: 0.1 unless said otherwise, 1 in the
 * slow lane, more in `npm run fuzz`.
 */
export const LENGTH = Number(process.env.QUEUECTL_TEST_LENGTH ?? 0.1)

/** Whether promised times are asserted as they are promised, on a machine that has the time for it. */
export const IS_FULL = LENGTH >= 1
