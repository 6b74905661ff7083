// Guards for stored values in a pipeline. An edit may have damaged them, and an operator that gets a wrong type fails
// the whole write, for every client and every time.

/** The list in `field` (`$name`); an empty list for any other value. */
export const listIn = (field: string) => ({ $cond: [{ $isArray: [field] }, field, []] })

/** `then` if `field` (`$name`) is a date, else `otherwise`. */
export const ifDate = (field: string, then: unknown, otherwise: unknown) => ({
  $cond: [{ $eq: [{ $type: field }, 'date'] }, then, otherwise],
})

/** `then` if `field` (`$name`) is text, else `otherwise`. */
export const ifText = (field: string, then: unknown, otherwise: unknown) => ({
  $cond: [{ $eq: [{ $type: field }, 'string'] }, then, otherwise],
})
