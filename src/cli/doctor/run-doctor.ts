import type { Command } from 'commander';
import { exitCodes } from '../../diagnostic/failure.ts';
import { showInvisible } from '../../diagnostic/visible-text.ts';
import type { Finding } from '../../doctor/finding.ts';
import { usesColour } from '../../host/terminal-colour.ts';
import { readVersion } from '../../host/version.ts';
import { readCommandLine } from '../up/read-command-line.ts';
import type { UpFlags } from '../up/up-flags.ts';
import { diagnose } from './diagnose.ts';
import { renderFindings } from './render-findings.ts';

/** The output of `heddle doctor --json`. */
export interface Diagnosis {
  /** Whether no finding is an error. */
  readonly fit: boolean;
  readonly findings: readonly Finding[];
  /** Sentences about the command line. */
  readonly warnings: readonly string[];
}

/** Prints what the checks of this host find. The exit code is 19 if one finds an error. Throws a Failure of kind `usage`. */
export async function runDoctor(self: Command): Promise<void> {
  const { version, probe, json } = self.opts<UpFlags & { readonly probe?: true }>();
  if (version === true) {
    process.stdout.write(`${readVersion()}\n`);
    return;
  }
  const { options, warnings } = await readCommandLine(self);
  const findings = await diagnose(options, probe ?? false);
  const fit = findings.every(({ level }) => level !== 'error');
  const diagnosis: Diagnosis = { fit, findings, warnings };
  if (json === true) process.stdout.write(`${JSON.stringify(diagnosis)}\n`);
  else {
    process.stdout.write(renderFindings(findings, { colour: usesColour(process.stdout) }));
    for (const warning of warnings) process.stderr.write(`heddle: ${showInvisible(warning)}\n`);
  }
  if (!fit) process.exitCode = exitCodes.unfit;
}
