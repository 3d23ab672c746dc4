// Preloaded in place of the package.
