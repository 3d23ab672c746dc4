/** A promise for what ends the process instead of settling. */
export const never: Promise<never> = new Promise(() => {})
