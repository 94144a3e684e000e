// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"go.etcd.io/etcd/clientv3"
)

// measureWatch puts a key and waits for its event, one after the other. A delivery lasts from the
// call of the put to the arrival of the event.
func measureWatch(client *clientv3.Client, options options) measurement {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	events := client.Watch(ctx, options.key, clientv3.WithCreatedNotify())
	<-events
	arrivals := make(chan time.Time, 16)
	go func() {
		for response := range events {
			now := time.Now()
			check(response.Err())
			for range response.Events {
				arrivals <- now
			}
		}
	}()
	deliver := func(round int) time.Duration {
		start := time.Now()
		_, err := client.Put(ctx, options.key, fmt.Sprintf("%016d", round))
		check(err)
		return (<-arrivals).Sub(start)
	}
	for i := 0; i < options.warmUp; i++ {
		deliver(i)
	}

	var result measurement
	result.begin()
	deadline := result.started.Add(options.duration)
	for round := 0; time.Now().Before(deadline); round++ {
		result.latencies = append(result.latencies, deliver(round))
	}
	result.end()
	return result
}
