/** A promise that stays pending for ever, for calls that end the process. */
export const never: Promise<never> = new Promise(() => {})
