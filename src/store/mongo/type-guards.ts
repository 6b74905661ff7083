// Values for a pipeline that somebody may have edited: an operator that gets another type than its own fails the whole write, for whoever
// makes it, as often as it is made.

/** The list in `field` (`$name`); an empty one for anything else. */
export const listIn = (field: string) => ({ $cond: [{ $isArray: [field] }, field, []] })

/** `then` where `field` (`$name`) is a date. */
export const ifDate = (field: string, then: unknown, otherwise: unknown) => ({
  $cond: [{ $eq: [{ $type: field }, 'date'] }, then, otherwise],
})

/** `then` where `field` (`$name`) is text. */
export const ifText = (field: string, then: unknown, otherwise: unknown) => ({
  $cond: [{ $eq: [{ $type: field }, 'string'] }, then, otherwise],
})
