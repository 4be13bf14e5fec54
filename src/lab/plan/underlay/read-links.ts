import type { Findings } from '../../../diagnostic/findings.ts';
import { suggestName } from '../../../diagnostic/nearest.ts';
import type { Span } from '../../../diagnostic/source.ts';
import {
  contains,
  formatCidr,
  parseAddress,
  parseCidr,
  type Cidr,
  type Family,
} from '../../../network/cidr.ts';
import { eachFamily, type PerFamily } from '../../../network/per-family.ts';
import {
  describeKind,
  openingBrace,
  type JsonMember,
  type ObjectNode,
} from '../../../recipe/json/json-tree.ts';
import { readKeys, requireKeys } from '../../../recipe/read/read-keys.ts';
import { settleKeys } from '../../../recipe/read/settle-keys.ts';
import { linkKeys, segmentKeys } from './keys.ts';
import { parseDelay, parseLoss, parseRate } from './impairment.ts';
import type { LinkModel, SegmentModel } from './model.ts';

/** A segment with its places in the file. */
export interface WrittenSegment {
  readonly model: SegmentModel;
  readonly mtu: number | undefined;
  readonly keySpan: Span;
  /** The places of its networks. */
  readonly places: PerFamily<Span>;
}

/** The places of a host in the file. */
export interface WrittenHost {
  readonly name: string;
  readonly keySpan: Span;
  /** The place of each link: its segment, and its addresses. */
  readonly places: readonly LinkPlace[];
  readonly nat?: { readonly outside: Span; readonly forward: Span | undefined };
}

interface LinkPlace extends PerFamily<Span> {
  readonly segment: Span;
}

/** The prefix lengths of a segment: two hosts at least, and not a whole family. */
const prefixBounds = { 4: [8, 30], 6: [16, 126] } as const satisfies Record<Family, readonly number[]>;

/** Reads an entry of `Segments`. */
export function readSegment(
  { key, keySpan, value }: JsonMember,
  number: number,
  findings: Findings,
): WrittenSegment {
  const path = `Segments.${key}`;
  const none = { ipv4: undefined, ipv6: undefined };
  if (value.kind !== 'object') {
    if (value.kind !== 'unread')
      findings.error('wrong-type', value.span, `\`${path}\` must be an object, not ${describeKind(value)}`);
    return {
      model: { name: key, number, subnets: none, isCable: false },
      mtu: undefined,
      keySpan,
      places: none,
    };
  }
  const { object } = settleKeys(value, { names: Object.keys(segmentKeys), path }, findings);
  const { values } = readKeys(object, segmentKeys, path, findings);
  const given = { ipv4: values.IPv4, ipv6: values.IPv6 };
  const subnets = eachFamily((family): Cidr | undefined => {
    const text = given[family];
    return text && readSubnet(text, family === 'ipv4' ? 4 : 6, path, findings);
  });
  return {
    model: { name: key, number, subnets, isCable: false },
    mtu: values.MTU?.value,
    keySpan,
    places: eachFamily((family) => given[family]?.span),
  };
}

function readSubnet(
  { value, span }: { readonly value: string; readonly span: Span },
  family: Family,
  path: string,
  findings: Findings,
): Cidr | undefined {
  const name = `\`${path}.IPv${family}\``;
  const subnet = parseCidr(value);
  const [least, most] = prefixBounds[family];
  if (subnet === undefined) {
    const message = `${name} must be an IPv${family} network, and \`${value}\` is not one`;
    findings.error(
      'malformed-address',
      span,
      message,
      `write the address of the network and its length, such as \`${family === 4 ? '192.0.2.0/24' : '2001:db8:1::/64'}\``,
    );
  } else if (subnet.family !== family) {
    findings.error(
      'wrong-family',
      span,
      `${name} must be an IPv${family} network, not one of IPv${subnet.family}`,
    );
  } else if (subnet.prefix < least || subnet.prefix > most) {
    findings.error('out-of-bounds', span, `the length of ${name} must be from ${least} to ${most}`);
  } else return subnet;
  return undefined;
}

/** Reads `Links` of a host: those of its entries that are right, with their places. */
export function readHostLinks(
  host: ObjectNode,
  { path, number }: { readonly path: string; readonly number: number },
  segments: readonly WrittenSegment[],
  findings: Findings,
): { readonly links: readonly LinkModel[]; readonly places: readonly LinkPlace[] } {
  const list = host.members.find(({ key }) => key === 'Links')?.value;
  const links: LinkModel[] = [];
  const places: LinkPlace[] = [];
  for (const [index, item] of (list?.kind === 'array' ? list.items : []).entries()) {
    const itemPath = `${path}.Links[${index}]`;
    if (item.kind !== 'object') {
      if (item.kind !== 'unread')
        findings.error(
          'wrong-type',
          item.span,
          `\`${itemPath}\` must be an object, not ${describeKind(item)}`,
        );
      continue;
    }
    const read = readLink(item, itemPath, number, segments, findings);
    if (read === undefined) continue;
    links.push(read.link);
    places.push(read.place);
  }
  return { links, places };
}

function readLink(
  item: ObjectNode,
  path: string,
  number: number,
  segments: readonly WrittenSegment[],
  findings: Findings,
): { readonly link: LinkModel; readonly place: LinkPlace } | undefined {
  const { object } = settleKeys(item, { names: Object.keys(linkKeys), path }, findings);
  const { values, given } = readKeys(object, linkKeys, path, findings);
  requireKeys(given, linkKeys, path, openingBrace(item), findings);
  const { Segment, IPv4, IPv6, MTU, Loss, Rate, Delay } = values;
  if (Segment === undefined) return undefined;
  const names = segments.map(({ model }) => model.name);
  const segment = segments.find(({ model }) => model.name === Segment.value);
  if (segment === undefined) {
    const message = `\`${path}.Segment\` must be one of the segments ${names.join(', ')}`;
    findings.error('unknown-choice', Segment.span, message, suggestName(Segment.value, names));
    return undefined;
  }
  const texts = { ipv4: IPv4, ipv6: IPv6 };
  return {
    link: {
      segment: Segment.value,
      number,
      addresses: eachFamily((family) => {
        const text = texts[family];
        return text && readAddress(text, family === 'ipv4' ? 4 : 6, path, segment.model, findings);
      }),
      impairment: {
        mtu: MTU?.value ?? segment.mtu,
        loss: Loss && parseLoss(Loss.value),
        rate: Rate && parseRate(Rate.value),
        delay: Delay && parseDelay(Delay.value),
      },
    },
    place: { segment: Segment.span, ...eachFamily((family) => texts[family]?.span) },
  };
}

function readAddress(
  { value, span }: { readonly value: string; readonly span: Span },
  family: Family,
  path: string,
  { name, subnets }: SegmentModel,
  findings: Findings,
): string | undefined {
  const key = `\`${path}.IPv${family}\``;
  const address = parseAddress(value);
  const subnet = family === 4 ? subnets.ipv4 : subnets.ipv6;
  if (address === undefined) {
    findings.error(
      'malformed-address',
      span,
      `${key} must be an IPv${family} address, and \`${value}\` is not one`,
    );
  } else if (address.family !== family) {
    findings.error(
      'wrong-family',
      span,
      `${key} must be an IPv${family} address, not one of IPv${address.family}`,
    );
  } else if (subnet === undefined) {
    const message = `${key} has no effect, because the segment \`${name}\` does not have an \`IPv${family}\` network`;
    findings.error('unused-key', span, message, `add \`IPv${family}\` to \`Segments.${name}\``);
  } else if (!contains(subnet, address) || address.value === subnet.value) {
    const message = `${key} must be an address of \`Segments.${name}\`, which is ${formatCidr(subnet)}`;
    findings.error('malformed-address', span, message);
  } else return value;
  return undefined;
}
