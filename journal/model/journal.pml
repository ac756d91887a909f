#ifdef EXEC_HORIZON
#define BOUNDED (order != ACCEPTED)
#else
#define BOUNDED true
#endif

/* The journal's rules, checked in every interleaving: one order that two replicas both get, two settlers, a gateway that may be
 * late, a notification that comes twice, processes that die or are frozen at any step, a request that is sent again.
 *
 * Variants (what the world or the provider is like):
 *   FROZEN        a caller may be frozen, between its commit and its first byte, for longer than the horizon
 *   SEND_AGAIN    the same order is sent again once while its outcome is unknown
 *   REOPEN        a caller that finds the entry closed as FAILED or NOTSENT uses the number again (nothing happened, so it may),
 *                 and the gateway takes a number that it has refused before
 *   PREPARED      the merchant writes the entry in a transaction of his own; a caller claims it before its first byte, or it expires
 *   BY_ORIGINAL   the query shows only the original order: absent, accepted and refused look alike (Upay revoke, ChinaUMS void)
 *   EXEC_HORIZON  the documents bound the time from acceptance to execution, and the horizon counts it in
 *   HAND          a person closes the entry by hand, as it pleases: what is said may be wrong (TWO: two persons do)
 *   REPEATS       a repeat under the same number is carried out again (no operation of ours may be sent again then)
 *   SKEWED        one of the clocks that judge a horizon is wrong by more than the margin: the database's, or the processes'
 *                 (the caller's behind, or the judging one's ahead), at any time
 *
 * Rules (all on; NO_X takes one away, to see the error that it prevents):
 *   UNIQUE        an order has one entry, committed before its first byte
 *   CAS           an entry is closed only while it is open, in one transaction with the booking
 *   HORIZON       absence closes an entry only when the call can no longer be on its way
 *   BEFORE        the horizon had passed before the query was made, not only before its answer was judged
 *   BOTH          the horizon has passed only when it has by two clocks: the process's, from the caller's own limit, and the
 *                 database's, from when it took the entry
 *   CLOCK         a caller looks at the wall clock right before the first byte and sends nothing past its own horizon
 *   GENERATION    every sending opens a new generation before its first byte; absence or refusal learnt of an older one closes nothing
 *   REFUSAL       once a number has been used again, a refusal that a query shows may be the earlier one (no more than absence);
 *                 and the refusal of a later sending decides only if no earlier one could be on its way when it was opened: the
 *                 horizon of the earlier one had passed, or its own caller had heard its answer or had sent nothing. A caller
 *                 that knows that it sent nothing closes the entry only if, besides, nothing had happened by then: it is the
 *                 first, or the entry had been closed as FAILED or NOTSENT (NO_FRESH: it closes whatever was sent before)
 *   CLAIM         a prepared entry is claimed, or expires, by compare and set
 *   STATE         "accepted" is not "absent"
 *   SEEN          a person closes the generation that was seen, while it is open, and as FAILED or NOTSENT only past its horizon
 *   WORD          a person's word proves nothing: after it no sending is alone, until something else has closed the entry
 *   CONFLICT      what contradicts a closed entry is kept with it
 */
mtype = { NONE, READY, OPEN, SUCCEEDED, FAILED, NOTSENT };   /* the entry; READY is prepared */
mtype = { ABSENT, ACCEPTED, EXECUTED, REFUSED };          /* the order at the gateway */

mtype entry = NONE, order = ABSENT;
byte generation, booked, executions;   /* booked counts in the newest generation */
byte inflight, carried[4];             /* requests on their way, by generation too */
mtype reply[4] = ABSENT;               /* what the gateway answered to a generation's own request */
bool alone[4];                         /* when it was opened, no earlier sending could be on its way */
bool fresh[4];                         /* ... and nothing had happened by then */
bool landed[4];                        /* its own caller knows that it is on its way no longer: answered, or never sent */
bool ahead[2];            /* a clock says that any horizon has passed: 0 the processes', 1 the database's */
byte poised;              /* callers between their commit and their first byte, frozen ones excepted */
bool late[4];             /* the horizon of a generation has passed */
bool hand;                /* the newest closing, or what it rests on, is a person's word */
bool conflict;            /* something contradicted a closed entry, and that is kept */
bool rash;                /* a person closed as FAILED or NOTSENT what could be on its way */
bool without_entry;       /* something was sent that no entry knows of */

#if defined(HAND) && !defined(NO_CONFLICT)
#define CONTRADICTED(x) -> if :: (x) -> conflict = true :: else fi
#else
#define CONTRADICTED(x)
#endif

inline succeed() {        /* an execution is true for every generation */
    atomic {
        if
#ifdef NO_CAS
        :: true -> entry = SUCCEEDED; booked++
#else
        :: entry == OPEN -> entry = SUCCEEDED; booked++; hand = false
        :: else CONTRADICTED(entry == FAILED || entry == NOTSENT)
#endif
        fi
    }
}

inline close(outcome, gen) {
    atomic {
        if
#ifdef NO_GENERATION
        :: entry == OPEN -> entry = outcome; booked++
#else
        :: entry == OPEN && generation == gen -> entry = outcome; booked++; hand = false
#endif
        :: else CONTRADICTED(entry == SUCCEEDED && generation == gen)
        fi
    }
}

#ifdef NO_BOTH
#define PAST(gen) (late[gen] || ahead[0])
#else
#define PAST(gen) ((late[gen] || ahead[0]) && (late[gen] || ahead[1]))
#endif

#ifdef NO_WORD
#define TRUSTED true
#else
#define TRUSTED !hand
#endif

inline open(gen) { alone[gen] = (gen == 0 || (TRUSTED && (PAST(gen - 1) || (alone[gen - 1] && landed[gen - 1])))) }

inline unsent(gen) {      /* the caller knows that it sent nothing, and may say so or die */
    if
#ifdef NO_FRESH
    :: landed[gen] = true; close(NOTSENT, gen)
#else
    :: atomic { fresh[gen] -> landed[gen] = true; close(NOTSENT, gen) }
#endif
    :: skip
    fi
}

inline heard(gen) {       /* the caller's answer; it may be lost, or say no more than "accepted" */
    if
    :: atomic { reply[gen] == EXECUTED -> skip } ; succeed()
#ifdef NO_REFUSAL
    :: atomic { reply[gen] == REFUSED -> skip } ; close(FAILED, gen)
#else
    :: atomic { (reply[gen] == REFUSED && alone[gen]) -> skip } ; atomic { landed[gen] = true; close(FAILED, gen) }
#endif
    :: skip
    fi
}

inline reopen(gen) { generation++; gen = generation; entry = OPEN; booked = 0; open(gen); fresh[gen] = alone[gen] }

inline send(gen) { inflight++; carried[gen]++; if :: entry == NONE -> without_entry = true :: else fi }

proctype Caller() {
    bool mine = false; byte gen = 0;
    atomic {
        if
#ifdef NO_UNIQUE
        :: mine = true; if :: entry == NONE -> entry = OPEN :: else fi
        :: mine = true                                             /* sends first and writes it down later, if it lives */
#else
        :: entry == NONE -> entry = OPEN; mine = true
        :: entry != NONE                                           /* taken */
#ifdef REOPEN
        :: (entry == FAILED || entry == NOTSENT) && generation < 2 -> reopen(gen); mine = true
#endif
#ifdef PREPARED
        :: entry == READY -> entry = OPEN; mine = true             /* claimed */
#ifdef NO_CLAIM
        :: entry == NOTSENT -> entry = OPEN; mine = true           /* found ready, expired in between */
#endif
#endif
#endif
        :: entry == NONE -> entry = OPEN                           /* committed, but the word of it is lost: not sent */
        :: true                                                    /* the database is down: not sent */
        fi;
        if :: mine && gen == 0 -> alone[0] = true; fresh[0] = true :: else fi;
        poised = poised + mine
    }
    if
    :: mine ->
        if
        :: poised--                                                /* dies before the first byte */
        :: poised--; unsent(gen)                                   /* nothing reached the network */
        :: atomic { poised--; send(gen) } ; if :: heard(gen) :: skip fi  /* in time; may die after the first byte */
#ifdef FROZEN
        :: poised--; atomic {
            if
#ifndef NO_CLOCK
            :: late[gen] -> goto past                              /* past its time: sends nothing, says so */
            :: else -> send(gen)
#else
            :: send(gen)
#endif
            fi } ; if :: heard(gen) :: skip fi; goto done;
past:       unsent(gen)
#endif
        fi
    :: else
    fi;
done: skip
}

proctype Operator() {
#ifdef SEND_AGAIN
    byte gen;
end: atomic { entry == OPEN && generation < 2 -> generation++; gen = generation; open(gen); poised++ }
    if
    :: poised--
    :: poised--; unsent(gen)
    :: atomic { poised--; send(gen) } ; if :: heard(gen) :: skip fi
    fi
#else
    skip
#endif
}

proctype Network() {
    byte g;
end: do
    :: atomic { inflight > 0 -> inflight--;
        if :: carried[0] > 0 -> g = 0 :: carried[1] > 0 -> g = 1 :: carried[2] > 0 -> g = 2 fi;
        carried[g]--;
        if
        :: order == ABSENT -> order = ACCEPTED
        :: order == ABSENT -> order = REFUSED; reply[g] = REFUSED
        :: order == ABSENT -> order = EXECUTED; reply[g] = EXECUTED; executions++
#ifdef REOPEN
        :: order == REFUSED -> order = ACCEPTED
        :: order == REFUSED -> order = EXECUTED; reply[g] = EXECUTED; executions++
        :: order == REFUSED -> reply[g] = REFUSED
#endif
#ifdef REPEATS
        :: order == EXECUTED -> executions++
#endif
        :: order != ABSENT                                         /* the number is taken: does nothing, and the answer decides nothing */
        :: true                                                    /* lost */
        fi }
    od
}

proctype Gateway() {
end: do
    :: atomic { order == ACCEPTED -> order = EXECUTED; executions++ }
    :: atomic { order == ACCEPTED -> order = REFUSED }
    od
}

proctype Clock() {
end: do
    :: atomic { (entry != NONE && entry != READY && !late[generation] && inflight == 0 && poised == 0 && BOUNDED) -> late[0] = true; if :: generation > 0 -> late[1] = true :: else fi; late[generation] = true }
    od
}

proctype Skew() {         /* of one clock, and always the same */
    byte which;
    select(which : 0 .. 1);
end: do
    :: ahead[which] = !ahead[which]
    od
}

proctype Settler() {
    byte gen; bool past; mtype seen;
end: do
    :: atomic { entry == OPEN -> gen = generation; past = PAST(generation) }
       atomic { seen = order;
#ifdef BY_ORIGINAL
         if :: order != EXECUTED -> seen = ABSENT :: else fi;
#endif
#ifdef NO_STATE
         if :: seen == ACCEPTED -> seen = ABSENT :: else fi;
#endif
         skip }
#ifdef NO_BEFORE
       past = PAST(gen);
#endif
#ifdef NO_HORIZON
       past = true;
#endif
       if
       :: seen == EXECUTED -> succeed()
#ifdef NO_REFUSAL
       :: seen == REFUSED -> close(FAILED, gen)
#else
       :: seen == REFUSED && (gen == 0 || past) -> close(FAILED, gen)
#endif
       :: seen == ABSENT && past -> close(NOTSENT, gen)
       :: else
       fi
    od
}

proctype Notifier() {
end: order == EXECUTED; succeed(); succeed()
}

proctype Merchant() {     /* writes the entry with the order, in one transaction; what nobody claims expires */
#ifdef PREPARED
    if
    :: atomic { entry == NONE -> entry = READY }
    :: skip
    fi;
end: atomic { entry == READY -> entry = NOTSENT; booked++ }
#else
    skip
#endif
}

proctype Person() { /* looks at the entry, and closes it later */
    byte gen; bool past;
end: atomic { entry == OPEN -> gen = generation; past = PAST(generation) }
    atomic {
        if
#ifdef NO_SEEN
        :: entry == OPEN ->
#else
        :: entry == OPEN && generation == gen ->
#endif
            if
            :: true -> entry = SUCCEEDED
            :: past -> entry = FAILED
            :: past -> entry = NOTSENT
            fi;
            booked++; hand = true; rash = (entry != SUCCEEDED && !late[generation])
        :: true
        fi }
}

#if defined(HAND) && defined(TWO)
#define PERSONS run Person(); run Person();
#elif defined(HAND)
#define PERSONS run Person();
#else
#define PERSONS
#endif

#ifdef SKEWED
#define SKEW run Skew();
#else
#define SKEW
#endif

init { atomic { run Caller(); run Caller(); run Operator(); run Network(); run Gateway(); run Clock(); SKEW run Settler(); run Settler(); run Notifier(); run Merchant(); PERSONS run Watch() } }

proctype Watch() {
end: do
    :: atomic { (!hand && ((entry == SUCCEEDED && order != EXECUTED) || ((entry == FAILED || entry == NOTSENT) && order == EXECUTED))
       || booked > 1 || executions > 1 || without_entry || rash) -> assert(false) }
    od
}

#ifdef KEPT
ltl kept { [] ((hand && (entry == FAILED || entry == NOTSENT) && order == EXECUTED) -> <> (conflict || entry == SUCCEEDED)) }
#else
ltl settled { [] (entry == OPEN -> <> (entry != OPEN)) }
#endif
