import { spawn, type ChildProcess } from 'node:child_process';
import { Failure } from '../../../diagnostic/failure.ts';
import { programCommand } from '../../../host/files/package-files.ts';
import type { NodePlan } from '../../plan/topology.ts';
import type { PathReport } from '../../report/report.ts';
import type { AgentWord } from './agent.ts';
import type { AgentOrder, EchoOrder, ProbeOrder } from './probe.ts';
import { readJsonLines } from '../json-lines.ts';

/** The agent in one pod, as the lab's first process sees it. */
export class PodAgent {
  /** The port of the agent; resolves once the agent serves. */
  readonly port: Promise<number>;
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, (word: AgentWord) => void>();
  #orders = 0;

  constructor(node: NodePlan) {
    const command = programCommand('lab/inside/probe/agent');
    this.#child = spawn('ip', ['netns', 'exec', node.pod, ...command], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.port = new Promise((resolve, reject) => {
      const refuse = (): void => reject(new Failure('internal', `the agent in ${node.pod} ended early`));
      this.#child.on('error', refuse).on('exit', refuse);
      this.#listen((port) => resolve(port));
    });
    // A caller that waits for the port sees its error, but there may be no caller yet.
    this.port.catch(() => undefined);
    this.#child.stdin?.on('error', () => undefined);
  }

  /** Orders the agent to probe an address of another pod. */
  async probe(order: Omit<ProbeOrder, 'id' | 'order'>): Promise<PathReport> {
    const word = await this.#ask((id) => ({ order: 'probe', id, ...order }));
    if (word.word !== 'probed') throw new Error(`the agent answered a probe with ${word.word}`);
    return word.path;
  }

  /** Orders the agent to send one packet that must not be fragmented. Returns whether an answer came. */
  async echo(order: Omit<EchoOrder, 'id' | 'order'>): Promise<boolean> {
    const word = await this.#ask((id) => ({ order: 'echo', id, ...order }));
    return word.word === 'echoed' && word.answered;
  }

  #ask(order: (id: number) => AgentOrder): Promise<AgentWord> {
    this.#orders += 1;
    const id = this.#orders;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#child.stdin?.write(JSON.stringify(order(id)) + '\n');
    });
  }

  close(): void {
    this.#child.stdin?.end();
  }

  #listen(onPort: (port: number) => void): void {
    if (!this.#child.stdout) return;
    readJsonLines(this.#child.stdout, (object) => {
      const word = object as unknown as AgentWord;
      if (word.word === 'serving') onPort(word.port);
      else {
        this.#answers.get(word.id)?.(word);
        this.#answers.delete(word.id);
      }
    });
  }
}
