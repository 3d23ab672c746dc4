/** The import of a module of the program. Runs in the daemon. */

/** Here, because a part of the package that is compiled from its text (`ts/late.ts`) cannot import anything itself. */
export async function importModule(url: string): Promise<void> {
  await import(url)
}
