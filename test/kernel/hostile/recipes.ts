import { hostileNetwork, ownKey, type DataForm } from './leases.ts';

/** The words of a peer as careless commands write them: unquoted. */
const careless: Readonly<Record<DataForm['name'], string>> = { text: '$D', json: '$DATA_KEY $DATA_PORT' };

/** The same as a line of a batch has them. */
const columns: Readonly<Record<DataForm['name'], string>> = { text: 'D', json: 'K P K6 P6' };
const carelessColumns: Readonly<Record<DataForm['name'], string>> = { text: '$D', json: '$K $P' };

const fields = { Format: 'json', Fields: { Key: 'weft[0-9]{1,3}v[0-9]', Port: '[0-9]{1,5}' } };

/** What one run for a peer hands to programs, by verb: how the vector begins, and whether the data follow. */
export const single = (verb: string): readonly string[] => [verb, `eval-${verb}`, `nested-${verb}`];
export const batched = (verb: string): readonly string[] => [`batch-${verb}`, `eval-batch-${verb}`];
export const checked: readonly string[] = ['check'];

/** A recipe that does everything that its author should not: no quotes, `read` without -r, `eval`, a shell in a shell. */
export function carelessRecipe(form: DataForm): object {
  const words = careless[form.name];
  const run = (verb: string): string =>
    `read D; loom ${verb} $SUBNET $PUBLIC_IP ${words}; eval "loom eval-${verb} $SUBNET $PUBLIC_IP ${words}"; ` +
    `/bin/sh -c "loom nested-${verb} $SUBNET $PUBLIC_IP ${words}"`;
  const readLine = `while read V S S6 A A6 ${columns[form.name]}`;
  const ofLine = `$S $A ${carelessColumns[form.name]}`;
  return {
    ...hostileNetwork,
    Backend: {
      Type: 'extension',
      ...(form.name === 'json' && { BackendData: fields }),
      PreStartupCommand: form.name === 'json' ? `echo '{"Key":"weft0v0","Port":1}'` : `echo ${ownKey}`,
      SubnetAddCommand: run('add'),
      SubnetRemoveCommand: run('remove'),
      SubnetBatchCommand: `${readLine}; do loom batch-$V ${ofLine}; eval "loom eval-batch-$V ${ofLine}"; done`,
      // Nobody looks whether they are in place: each start has all of them confirmed.
      CheckCommand: `${readLine}; do eval "loom check ${ofLine}"; echo $S; done`,
    },
  };
}
