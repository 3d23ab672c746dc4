// A daemon that fails before it is ready.
throw new Error('as expected')
