import * as z from 'zod/mini';

/** A type with nothing but its values: no `readonly`, no intersections. */
type Plain<T> = T extends object ? { -readonly [K in keyof T]: Plain<T[K]> } : T;

/** Tells types apart that can be assigned to each other, such as those that differ in an optional field. */
type Same<A, B> =
  (<T>(value: T) => T extends A ? 1 : 2) extends <T>(value: T) => T extends B ? 1 : 2 ? true : false;

/**
 * Checks at compile time that a schema has exactly the values of a type: `schemaOf<NodeStatus>()(schema)`. A field that
 * the type has and the schema has not, or the other way round, is a type error.
 */
export function schemaOf<T>() {
  return <S extends z.ZodMiniType>(
    schema: S &
      (Same<Plain<z.output<S>>, Plain<T>> extends true
        ? unknown
        : 'it has not exactly the values of the type'),
  ): S => schema;
}

/** A schema with the sentence that explains its value to users. */
export function described<S extends z.ZodMiniType>(schema: S, description: string): S {
  return schema.check(z.meta({ description }));
}

/** A moment in UTC as RFC 3339, with milliseconds. */
export const moment = z
  .string()
  .check(z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/), z.meta({ format: 'date-time' }));

/** A whole number from 0. */
export const naturalNumber = z.int().check(z.gte(0));
