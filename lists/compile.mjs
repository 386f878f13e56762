// Compiles the pinned list packages and our own hand-written files into one text file, which the
// program embeds and can replace at run time.
//
//   node compile.mjs OUT        writes OUT, and beside it licences.txt: the packages' licences
//
// The file: the line `verihook-lists 1`, then sections. A section is the line
// `list NAME SOURCE COUNT` followed by COUNT entries, one per line, lower case. NAME is disposable,
// free, role, alias_relay or popular; SOURCE is `package@version`, or for our own files `own@` and
// the first eight digits of the SHA-256 of their entries, so that no change of them goes without a
// new version. Entries are in byte order, those of popular in the order of popular.txt, which is
// their rank. A name may have several sections; an entry stands in the first of them only, so that
// a hit names one source. Domains are A-labels without a final dot. Same input, same bytes.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { domainToASCII, fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, 'node_modules');
const text = (...path) => readFileSync(join(...path), 'utf8');
const lines = (...path) => text(...path).split('\n');
const require = createRequire(import.meta.url);

// Lines of freemail 1.7.0 that are no domains. Listed, so that a new broken line is noticed.
const kBrokenInFreemail = ['404: not found', 'asean-mail', 'housefancom', 'multiplechoices'];

// Sources in the order in which an entry of two of them is credited. `minus` names the entries that
// a source must not bring in although it lists them.
const kSources = [
  { list: 'alias_relay', read: () => lines(here, 'alias-relays.txt') },
  {
    list: 'disposable', package: 'disposable-email-domains-js', minus: ['alias_relay'],
    read: (d) => JSON.parse(text(d, 'dist/dict/disposable_email_blocklist.json')),
  },
  { list: 'free', read: () => lines(here, 'free-core.txt'), minus: ['alias_relay', 'disposable'] },
  {
    list: 'free', package: 'freemail', minus: ['alias_relay', 'disposable'],
    read: (d) => lines(d, 'data/free.txt').filter((line) => !kBrokenInFreemail.includes(line)),
  },
  {
    // This package mixes disposable domains in; freemail's own list of them, wider than the one we
    // trust for a verdict, is good enough to keep a doubtful domain out of `free`.
    list: 'free', package: 'free-email-domains', minus: ['alias_relay', 'disposable'],
    read: (d) => JSON.parse(text(d, 'domains.json')),
    except: () => lines(modules, 'freemail/data/disposable.txt'),
  },
  { list: 'role', read: () => lines(here, 'role-core.txt') },
  {
    list: 'role', package: 'role-based-email-addresses',
    read: (d) => require(join(d, 'src/index.js')),
    except: () => lines(here, 'role-not.txt'),
  },
  { list: 'popular', read: () => lines(here, 'popular.txt') },
];
const kOrder = ['disposable', 'free', 'role', 'alias_relay', 'popular'];

// One entry in its stored form, or null for a blank line or a comment. An entry that is none of
// these stops the compilation: a silent skip would hide that a package changed its format.
export function normalise(list, line) {
  const entry = line.replace(/#.*/, '').trim().toLowerCase();
  if (entry === '') return null;
  if (list === 'role') {
    if (!/^[a-z0-9._+-]+$/.test(entry)) throw new Error(`${list}: "${line}" is no local part`);
    return entry;
  }
  const domain = domainToASCII(entry);
  if (!/^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/.test(domain)) {
    throw new Error(`${list}: "${line}" is no domain`);
  }
  return domain;
}

const set = (list, entries) =>
  new Set(entries.map((entry) => normalise(list, entry)).filter((entry) => entry !== null));

const digest = (entries) =>
  createHash('sha256').update(entries.join('\n')).digest('hex').slice(0, 8);

// The sections of all sources: [{ list, source, entries }], entries sorted.
export function compile(sources = kSources) {
  const seen = Object.fromEntries(kOrder.map((list) => [list, new Set()]));
  const sections = sources.map((source) => {
    const dir = source.package && join(modules, source.package);
    const except = set(source.list, source.except?.() ?? []);
    const taken = [seen[source.list], except, ...(source.minus ?? []).map((list) => seen[list])];
    const entries = [...set(source.list, source.read(dir))]
      .filter((entry) => !taken.some((other) => other.has(entry)));
    for (const entry of entries) seen[source.list].add(entry);
    if (source.list !== 'popular') entries.sort();
    const version = dir && JSON.parse(text(dir, 'package.json')).version;
    const name = dir ? `${source.package}@${version}` : `own@${digest(entries)}`;
    return { list: source.list, source: name, entries };
  });
  return sections.sort((a, b) => kOrder.indexOf(a.list) - kOrder.indexOf(b.list));
}

export const format = (sections) => ['verihook-lists 1\n', ...sections.map(
  ({ list, source, entries }) =>
    `list ${list} ${source} ${entries.length}\n${entries.map((entry) => `${entry}\n`).join('')}`,
)].join('');

// The licences of the packages whose data the binary carries; ISC and MIT ask for them.
export const licences = () => kSources.filter((source) => source.package).map((source) => {
  const file = source.package === 'free-email-domains' ? 'LICENSE.md' : 'LICENSE';
  return `== ${source.package}\n\n${text(modules, source.package, file).trim()}\n`;
}).join('\n');

// Written beside and renamed, so that a build in another directory never reads half a file.
function write(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.${process.pid}`, content);
  renameSync(`${path}.${process.pid}`, path);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const out = process.argv[2];
  if (!out) {
    console.error('usage: node compile.mjs OUT');
    process.exit(2);
  }
  const sections = compile();
  write(join(dirname(out), 'licences.txt'), licences());
  write(out, format(sections));
  const sizes = sections.map((s) => `${s.list} ${s.entries.length} (${s.source})`);
  console.log(`lists: ${sizes.join(', ')}`);
}
