/** What a function of the system takes and returns, in the words of node:ffi. */
export interface Signature {
  arguments: readonly string[]
  return: string
}

/**
 * Functions of a library of the system; null: of those that are loaded already. By Node's FFI, which is experimental and may be missing:
 * throws then, and whoever calls does without. That it is experimental is known here, and none of the business of whoever reads our
 * output.
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
