/** Windows, as far as a process of another system can play it: paths and files stay those of that system. */

const PLATFORM = "Object.defineProperty(process, 'platform', { value: 'win32' })"

/** Flags of Node.js, by which a program takes its process for one of Windows. */
export const ON_WINDOWS = ['--import', `data:text/javascript,${encodeURIComponent(PLATFORM)}`]
