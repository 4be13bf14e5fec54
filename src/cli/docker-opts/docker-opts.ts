import { InvalidArgumentError, type Command } from 'commander';
import { defaultSubnetFile } from '../arguments/options.ts';

interface DockerOptsFlags {
  readonly subnetFile: string;
  readonly dockerFile: string;
  readonly individual?: true;
  readonly combined?: true;
  readonly key: string;
  readonly omitIpMasq?: true;
}

/** `heddle docker-opts`: flannel's mk-docker-opts.sh, with the options of that script. */
export function registerDockerOpts(program: Command): void {
  program
    .command('docker-opts')
    .summary("write Docker's options for this node's subnet to a file")
    .description(
      "Reads the subnet file, and writes the options of dockerd to an environment file: as flannel's mk-docker-opts.sh does, and with its " +
        'options. Without -i and -c, the file has each option as a variable of its own and all of them as one.',
    )
    .option('-f, --subnet-file <file>', 'the subnet file', defaultSubnetFile)
    .option('-d, --docker-file <file>', 'the file to write', '/run/docker_opts.env')
    .option('-i, --individual', 'write each option as a variable of its own, such as DOCKER_OPT_MTU')
    .option('-c, --combined', 'write all options as one variable')
    .option('-k, --key <name>', 'the name of that variable', parseKey, 'DOCKER_OPTS')
    .option('-m, --omit-ip-masq', 'leave out --ip-masq, for old versions of Docker')
    .action(async (flags: DockerOptsFlags) => {
      const { subnetFile, dockerFile, individual = false, combined = false, key, omitIpMasq = false } = flags;
      const { writeDockerOptions } = await import('./run-docker-opts.ts');
      await writeDockerOptions(subnetFile, dockerFile, { individual, combined, key, omitIpMasq });
    });
}

function parseKey(text: string): string {
  if (/^[A-Za-z_]\w*$/.test(text)) return text;
  throw new InvalidArgumentError('It must be the name of a variable.');
}
