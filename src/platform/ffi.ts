/** Argument and return types of a system function, in the terms of node:ffi. */
export interface Signature {
  arguments: readonly string[]
  return: string
}

/**
 * Loads functions from a system library; null: from the libraries that are loaded already. Uses Node's FFI, which is
 * experimental and may be missing: throws in that case, and callers work without it. Node's warning that FFI is
 * experimental is suppressed: we know it, and it does not concern readers of our output.
 */
export function nativeFunctions<Name extends string, Function>(
  library: string | null,
  signatures: Readonly<Record<Name, Signature>>,
): Record<Name, Function> {
  const { emitWarning } = process
  try {
    process.emitWarning = () => {}
    const ffi = process.getBuiltinModule('node:ffi')
    if (ffi === undefined) throw new Error('built without FFI')
    return ffi.dlopen(library, signatures as never).functions as unknown as Record<Name, Function>
  } finally {
    process.emitWarning = emitWarning
  }
}
