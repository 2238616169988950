/** What a {@link Registry} can hold. The links live on the member, so that joining allocates nothing. */
export interface Member<T> {
  previous: T | undefined
  following: T | undefined
}

/** The members that are present now, oldest first. Joining and leaving take constant time. */
export class Registry<T extends Member<T>> implements Iterable<T> {
  size = 0
  oldest: T | undefined
  /** Where a walk back begins. */
  newest: T | undefined

  add(member: T): void {
    member.previous = this.newest
    if (this.newest === undefined) this.oldest = member
    else this.newest.following = member
    this.newest = member
    this.size++
  }

  /** Takes out a member. It must be one. */
  remove(member: T): void {
    if (member.previous === undefined) this.oldest = member.following
    else member.previous.following = member.following
    if (member.following === undefined) this.newest = member.previous
    else member.following.previous = member.previous
    member.previous = member.following = undefined
    this.size--
  }

  /** Walks the members; the current one may be removed meanwhile. */
  *[Symbol.iterator](): Iterator<T> {
    let member = this.oldest
    while (member !== undefined) {
      const { following } = member
      yield member
      member = following
    }
  }
}
