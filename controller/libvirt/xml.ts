/**
 * An XML document as a tree that can be edited and written back with everything else as it was: order,
 * comments, CDATA, whitespace and unknown elements stay (only quotes and empty elements take one common form).
 *
 * Text is kept as it is written, entities included, and is decoded when read and encoded when set. Only the five
 * entities of XML itself and character references are known; a document type is refused, so none can be added.
 */
import { XMLParser } from 'fast-xml-parser';
import { messageOf } from '../errors.ts';
import { DomainXmlError } from './errors.ts';

type RawAttributes = Record<string, string>;
/** The parser's own form: `{ '#text': '...' }`, or `{ tag: [children], ':@': { attribute: '...' } }`. */
type RawNode = Record<string, unknown>;

const TEXT = '#text';
const COMMENT = '#comment';
const CDATA = '#cdata';
const ATTRIBUTES = ':@';

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  processEntities: false,
  commentPropName: COMMENT,
  cdataPropName: CDATA,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
});

const NAME = /^[A-Za-z_][A-Za-z0-9_.:-]*$/;
const ENTITY = /&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|([A-Za-z]+));/g;
const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function decode(text: string): string {
  return text.replace(
    ENTITY,
    (entity, hex: string | undefined, decimal: string | undefined, name?: string) => {
      if (name !== undefined) return named[name] ?? entity;
      const point = hex === undefined ? Number.parseInt(decimal!, 10) : Number.parseInt(hex, 16);
      return point <= 0x10_ffff ? String.fromCodePoint(point) : entity;
    },
  );
}

function encode(text: string): string {
  return text.replace(/[&<>"'\t\n\r]/g, (char) => {
    switch (char) {
      case '&':
        return '&amp;';
      case '<':
        return '&lt;';
      case '>':
        return '&gt;';
      case '"':
        return '&quot;';
      case "'":
        return '&apos;';
      default:
        return `&#${char.charCodeAt(0)};`;
    }
  });
}

function tagOf(node: RawNode): string {
  return Object.keys(node).find((key) => key !== ATTRIBUTES)!;
}

/** The text of a comment or a CDATA section. */
function inner(node: RawNode): string {
  return (node[tagOf(node)] as { [TEXT]: string }[]).map((part) => part[TEXT]).join('');
}

function isElement(node: RawNode): boolean {
  const tag = tagOf(node);
  return tag !== TEXT && tag !== COMMENT && tag !== CDATA && !tag.startsWith('?');
}

/** An element of a document, to look at and to change in place. */
export class XmlElement {
  readonly name: string;
  private readonly node: RawNode;

  constructor(node: RawNode) {
    this.node = node;
    this.name = tagOf(node);
  }

  /** The child elements, or those of that name, in document order. */
  children(name?: string): XmlElement[] {
    return this.nodes()
      .filter((node) => isElement(node) && (name === undefined || tagOf(node) === name))
      .map((node) => new XmlElement(node));
  }

  /** The first child of that name. */
  child(name: string): XmlElement | undefined {
    return this.children(name)[0];
  }

  /** The first child of that name, which is added if there is none. */
  ensureChild(name: string): XmlElement {
    return this.child(name) ?? this.append(name);
  }

  append(name: string): XmlElement {
    checkName(name);
    const node: RawNode = { [name]: [] };
    this.nodes().push(node);
    return new XmlElement(node);
  }

  /** Takes the child elements of that name away. */
  removeChildren(name: string): void {
    this.node[this.name] = this.nodes().filter((node) => !isElement(node) || tagOf(node) !== name);
  }

  attribute(name: string): string | undefined {
    const value = this.attributes()?.[name];
    return value === undefined ? undefined : decode(value);
  }

  setAttribute(name: string, value: string): void {
    checkName(name);
    this.node[ATTRIBUTES] = { ...this.attributes(), [name]: encode(value) };
  }

  /** The element's own text, CDATA included, without that of its children. */
  text(): string {
    let text = '';
    for (const node of this.nodes()) {
      const tag = tagOf(node);
      if (tag === TEXT) text += decode(String(node[TEXT]));
      else if (tag === CDATA) text += inner(node);
    }
    return text;
  }

  /** Replaces all that the element holds by a text. */
  setText(text: string): void {
    this.node[this.name] = [{ [TEXT]: encode(text) }];
  }

  private nodes(): RawNode[] {
    return this.node[this.name] as RawNode[];
  }

  private attributes(): RawAttributes | undefined {
    return this.node[ATTRIBUTES] as RawAttributes | undefined;
  }
}

/** A document with its one root element. */
export class XmlDocument {
  readonly root: XmlElement;
  private readonly nodes: RawNode[];

  /** @throws DomainXmlError when `text` is not well-formed XML, or has a document type. */
  constructor(text: string) {
    if (/<!DOCTYPE/i.test(text))
      throw new DomainXmlError('the XML has a document type, which libvirt never writes');
    this.nodes = parse(text);
    const roots = this.nodes.filter(isElement);
    if (roots.length !== 1)
      throw new DomainXmlError(`the XML has ${roots.length} root elements instead of one`);
    this.root = new XmlElement(roots[0]!);
  }

  toString(): string {
    return this.nodes.map(serialize).join('');
  }
}

function serialize(node: RawNode): string {
  const tag = tagOf(node);
  if (tag === TEXT) return String(node[TEXT]);
  if (tag === COMMENT) return `<!--${inner(node)}-->`;
  if (tag === CDATA) return `<![CDATA[${inner(node)}]]>`;
  let head = `<${tag}`;
  for (const [name, value] of Object.entries((node[ATTRIBUTES] ?? {}) as RawAttributes)) {
    head += value.includes("'") ? ` ${name}="${value}"` : ` ${name}='${value}'`;
  }
  if (tag.startsWith('?')) return `${head}?>`;
  const children = node[tag] as RawNode[];
  return children.length === 0 ? `${head}/>` : `${head}>${children.map(serialize).join('')}</${tag}>`;
}

function parse(text: string): RawNode[] {
  try {
    // Deprecated in favour of a package of its own; without it, the parser guesses where XML is malformed.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    return parser.parse(text, true) as RawNode[];
  } catch (error) {
    throw new DomainXmlError(`the XML cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function checkName(name: string): void {
  if (!NAME.test(name))
    throw new DomainXmlError(`'${name}' cannot be the name of an element or an attribute`);
}
