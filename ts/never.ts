/** A promise that stays pending for ever, for calls that end the process. Runs in both processes. */
export const never: Promise<never> = new Promise(() => {})
