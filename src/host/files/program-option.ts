/** The first argument that makes the single executable run another program than `main`: `--heddle-program=lab/inside/main`. */
export const programOption = '--heddle-program=';
