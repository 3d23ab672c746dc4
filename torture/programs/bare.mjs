// What Node.js itself does in every program: it loads a module, and waits. It has nothing of daimon's.
import '../lib/random.js'

setTimeout(() => {}, 10)
