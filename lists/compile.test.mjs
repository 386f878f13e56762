// Run by `npm test` in this folder and by ./test.
import assert from 'node:assert/strict';
import test from 'node:test';
import { compile, format, licences, normalise } from './compile.mjs';

const sections = compile();
const entries = Object.fromEntries(['disposable', 'free', 'role', 'alias_relay', 'popular'].map(
  (list) => [list, new Set(sections.filter((s) => s.list === list).flatMap((s) => s.entries))],
));
const all = (list) => entries[list];

test('every list has entries and the packages are named with their version', () => {
  for (const list of ['disposable', 'free', 'role', 'alias_relay', 'popular']) {
    assert.ok(all(list).size >= 20, `${list} has ${all(list).size} entries`);
  }
  for (const { source } of sections) {
    assert.match(source, /^(own@[0-9a-f]{8}|[a-z-]+@\d+\.\d+\.\d+)$/);
  }
});

test('the output is the same bytes every time', () => {
  assert.equal(format(compile()), format(sections));
});

test('headers count what follows; entries are sorted, lower case and unique in a list', () => {
  const lines = format(sections).split('\n');
  assert.equal(lines.shift(), 'verihook-lists 1');
  assert.equal(lines.pop(), '');
  const seen = {};
  while (lines.length) {
    const [word, list, , count] = lines.shift().split(' ');
    assert.equal(word, 'list');
    const entries = lines.splice(0, Number(count));
    assert.equal(entries.length, Number(count));
    if (list !== 'popular') assert.deepEqual(entries, [...entries].sort());
    for (const entry of entries) {
      assert.match(entry, /^[a-z0-9._+-]+$/);
      assert.ok(!seen[`${list} ${entry}`], `${entry} stands twice in ${list}`);
      seen[`${list} ${entry}`] = true;
    }
  }
});

test('alias relays are neither disposable nor free, and disposable domains are not free', () => {
  for (const entry of all('alias_relay')) {
    assert.ok(!all('disposable').has(entry) && !all('free').has(entry), entry);
  }
  for (const entry of all('free')) assert.ok(!all('disposable').has(entry), entry);
});

test('no popular mailbox domain is called disposable or an alias relay', () => {
  for (const entry of all('popular')) {
    assert.ok(!all('disposable').has(entry) && !all('alias_relay').has(entry), entry);
  }
});

test('popular domains keep the rank that the hand-written file gives them', () => {
  assert.deepEqual([...all('popular')].slice(0, 3), ['gmail.com', 'yahoo.com', 'hotmail.com']);
});

test('known entries are where users expect them', () => {
  assert.ok(all('disposable').has('mailinator.com') && all('disposable').has('yopmail.com'));
  assert.ok(all('free').has('gmail.com') && all('free').has('proton.me'));
  assert.ok(all('role').has('postmaster') && all('role').has('no_reply'));
  for (const entry of ['test', 'user', 'abc', 'asd']) assert.ok(!all('role').has(entry), entry);
});

test('comments and blank lines are no entries, and a broken entry stops the compilation', () => {
  assert.equal(normalise('free', '  # a remark'), null);
  assert.equal(normalise('free', ''), null);
  assert.equal(normalise('free', 'Bücher.example  # a remark'), 'xn--bcher-kva.example');
  assert.throws(() => normalise('free', '404: not found'), /is no domain/);
  assert.throws(() => normalise('role', 'two words'), /is no local part/);
});

test('the first source of a list is credited with an entry that two of them have', () => {
  const source = (...entries) => ({ list: 'role', read: () => entries });
  const [first, second] = compile([source('b', 'A'), source('b', 'c')]);
  assert.deepEqual([first.entries, second.entries], [['a', 'b'], ['c']]);
});

test('our own files have another version as soon as an entry changes', () => {
  const version = (...entries) => compile([{ list: 'free', read: () => entries }])[0].source;
  assert.equal(version('a.com', 'b.com'), version('b.com', 'A.com'));
  assert.notEqual(version('a.com', 'b.com'), version('a.com', 'c.com'));
});

test('the licence text of every package is carried along', () => {
  for (const name of ['disposable-email-domains-js', 'freemail', 'free-email-domains']) {
    assert.ok(licences().includes(`== ${name}\n`));
  }
});
