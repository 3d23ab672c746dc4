// What `scripts/release/installed.js` runs, which gives these tests their registry.
import config from './ava.config.js'

export default { ...config, files: ['__test__/published/*.test.js'], timeout: '300s' }
