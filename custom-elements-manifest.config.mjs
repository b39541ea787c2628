/** `custom-elements.json`: what editors and documentation tools read about the elements. */
export default {
  globs: ['widget/**/*.ts'],
  exclude: ['widget/media/**'],
  outdir: '.',
  litelement: true,
  packagejson: false,
  plugins: [
    {
      name: 'built-paths',
      // The package ships the compiled modules: name those, not the sources.
      packageLinkPhase({ customElementsManifest }) {
        const built = (path) => path.replace(/^\/?widget\/(.*)\.ts$/, 'dist/widget/$1.js');
        for (const module of customElementsManifest.modules) {
          module.path = built(module.path);
          for (const entry of [...(module.exports ?? []), ...(module.declarations ?? [])]) {
            const reference = entry.declaration ?? entry.superclass;
            if (reference?.module) reference.module = built(reference.module);
          }
        }
      },
    },
  ],
};
