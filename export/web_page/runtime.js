// Opens ONNX Runtime: on the graphics card by WebGPU, else on the processor by WebAssembly.

/**
 * @param runtimes of page.json: {wasm, webgpu, webgpuAsync}, each {module, binary}.
 * @param asked "webgpu" or "wasm"; anything else takes the best.
 * @returns {ort, provider, facts}; facts are {backend, threads, why, files}.
 */
export async function openRuntime(runtimes, asked) {
  const missing = asked === 'wasm' ? 'WebAssembly was asked for' : await whyNoWebGpu(asked === 'webgpu');
  const threads = threadCount();
  if (missing === '') {
    // Where WebAssembly can wait for the card by itself, a smaller and faster build does.
    const build = 'Suspending' in WebAssembly ? runtimes.webgpu : runtimes.webgpuAsync;
    return { ort: await load(build, 1), provider: 'webgpu', facts: factsOf('WebGPU', 1, '', build) };
  }
  const single = threads === 1 ? '; one thread, as the page is not isolated from others' : '';
  const facts = factsOf('WASM', threads, missing + single, runtimes.wasm);
  return { ort: await load(runtimes.wasm, threads), provider: 'wasm', facts };
}

async function whyNoWebGpu(evenInSoftware) {
  if (!navigator.gpu) return 'This browser has no WebGPU';
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (!adapter) return 'WebGPU finds no graphics card here';
  const isSlow = adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter;
  return isSlow && !evenInSoftware ? 'WebGPU has no graphics card here, only software' : '';
}

function threadCount() {
  if (!self.crossOriginIsolated) return 1;
  // Half of many: the rest are the slow ones of a phone, or the same cores a second time.
  const cores = navigator.hardwareConcurrency || 2;
  return cores <= 4 ? cores : Math.min(8, Math.ceil(cores / 2));
}

async function load(build, threads) {
  const [ort, binary] = await Promise.all([import(`./${build.module}`), unpacked(build.binary)]);
  ort.env.logLevel = 'error';
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmBinary = binary;
  return ort;
}

/** A file that is gzipped, four times smaller; some servers unpack it on the way. */
async function unpacked(file) {
  const response = await fetch(file);
  if (!response.ok) throw new Error(`${file} is not there (${response.status})`);
  const bytes = await response.arrayBuffer();
  const [first, second] = new Uint8Array(bytes, 0, 2);
  if (first !== 0x1f || second !== 0x8b) return bytes;
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}

function factsOf(backend, threads, why, build) {
  return { backend, threads, why, files: [build.module, build.binary] };
}
