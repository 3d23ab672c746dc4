/** Loaded before everything else in a daemon, by a flag that it then hides: CommonJS and one file, so that no user code has run yet. */

import './adoption.js'
