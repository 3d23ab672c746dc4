/** The import of a module of the program. Runs in the daemon. */

/** Here, because what is compiled from its text (`ts/command.ts`) cannot import anything itself. */
export async function importModule(url: string): Promise<void> {
  await import(url)
}
