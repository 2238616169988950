import { describe, expect, it } from 'vitest'
import { Registry, type Member } from '../src/registry.js'

class Guest implements Member<Guest> {
  previous: Guest | undefined = undefined
  following: Guest | undefined = undefined
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

function filled(...names: string[]): { registry: Registry<Guest>; guests: Guest[] } {
  const registry = new Registry<Guest>()
  const guests = names.map((name) => new Guest(name))
  for (const guest of guests) registry.add(guest)
  return { registry, guests }
}

const namesOf = (registry: Registry<Guest>): string => [...registry].map(({ name }) => name).join('')

describe('Registry', () => {
  it('is empty at first', () => {
    const registry = new Registry<Guest>()
    expect(registry.size).toBe(0)
    expect(registry.oldest).toBeUndefined()
    expect([...registry]).toEqual([])
  })

  it('keeps its members oldest first', () => {
    const { registry } = filled('a', 'b', 'c')
    expect(namesOf(registry)).toBe('abc')
    expect(registry.size).toBe(3)
    expect(registry.oldest?.name).toBe('a')
  })

  it.each([
    [0, 'bc', 'bcd'],
    [1, 'ac', 'acd'],
    [2, 'ab', 'abd'],
  ])('closes the gap when member %i leaves, and takes others after it', (index, left, later) => {
    const { registry, guests } = filled('a', 'b', 'c')
    registry.remove(guests[index] as Guest)
    expect(namesOf(registry)).toBe(left)
    expect(registry.size).toBe(2)
    registry.add(new Guest('d'))
    expect(namesOf(registry)).toBe(later)
  })

  it('holds no reference to a member that left, nor the member to others', () => {
    const { registry, guests } = filled('a')
    registry.remove(guests[0] as Guest)
    expect(registry.oldest).toBeUndefined()
    expect(guests[0]).toMatchObject({ previous: undefined, following: undefined })
  })

  it('can be walked while the current member leaves', () => {
    const { registry } = filled('a', 'b', 'c')
    const seen: string[] = []
    for (const guest of registry) {
      seen.push(guest.name)
      registry.remove(guest)
    }
    expect(seen.join('')).toBe('abc')
    expect(registry.size).toBe(0)
  })

  it('takes a member again after it left', () => {
    const { registry, guests } = filled('a', 'b')
    registry.remove(guests[0] as Guest)
    registry.add(guests[0] as Guest)
    expect(namesOf(registry)).toBe('ba')
  })
})
