// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
	"go.etcd.io/etcd/clientv3/concurrency"
)

// measureUncontendedLock locks and unlocks with one session and nobody else.
func measureUncontendedLock(client *clientv3.Client, options options) measurement {
	ctx := context.Background()
	session, err := concurrency.NewSession(client)
	check(err)
	defer session.Close()
	mutex := concurrency.NewMutex(session, options.key)
	pair := func() {
		check(mutex.Lock(ctx))
		check(mutex.Unlock(ctx))
	}
	for i := 0; i < options.warmUp; i++ {
		pair()
	}

	var result measurement
	result.begin()
	for deadline := result.started.Add(options.duration); ; {
		start := time.Now()
		if start.After(deadline) {
			break
		}
		pair()
		result.latencies = append(result.latencies, time.Since(start))
	}
	result.end()
	return result
}

// measureHandoff lets waiters take turns. A handoff lasts from the call of one holder's unlock to
// the return of the next one's lock.
func measureHandoff(client *clientv3.Client, options options) measurement {
	ctx := context.Background()
	var recorder handoffRecorder
	recorder.warmUp = options.warmUp
	recorder.duration = options.duration

	mutexes := make([]*concurrency.Mutex, options.outstanding)
	for i := range mutexes {
		session, err := concurrency.NewSession(client)
		check(err)
		defer session.Close()
		mutexes[i] = concurrency.NewMutex(session, options.key)
	}
	var group sync.WaitGroup
	for _, mutex := range mutexes {
		group.Add(1)
		go func(mutex *concurrency.Mutex) {
			defer group.Done()
			for {
				check(mutex.Lock(ctx))
				goesOn := recorder.locked()
				recorder.unlocking()
				check(mutex.Unlock(ctx))
				if !goesOn {
					return
				}
			}
		}(mutex)
	}
	group.Wait()
	return recorder.result
}

// handoffRecorder is used by one holder at a time; its own lock makes that visible to Go as well.
type handoffRecorder struct {
	sync.Mutex
	warmUp   int
	duration time.Duration
	handoffs int
	unlocked time.Time
	isOver   bool
	result   measurement
}

// locked notes the end of a handoff and tells whether to take another turn.
func (r *handoffRecorder) locked() bool {
	now := time.Now()
	r.Lock()
	defer r.Unlock()
	if r.isOver {
		return false
	}
	r.handoffs++
	switch {
	case r.handoffs <= r.warmUp:
	case r.handoffs == r.warmUp+1:
		r.result.begin()
	default:
		r.result.latencies = append(r.result.latencies, now.Sub(r.unlocked))
		if now.Sub(r.result.started) > r.duration {
			r.result.end()
			r.isOver = true
		}
	}
	return !r.isOver
}

func (r *handoffRecorder) unlocking() {
	r.Lock()
	defer r.Unlock()
	r.unlocked = time.Now()
}
