// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
)

// measureRequests keeps the given number of requests outstanding, each in a goroutine of its own.
func measureRequests(client *clientv3.Client, options options) measurement {
	ctx := context.Background()
	request := func(worker, round int) error {
		if options.workload == "range" {
			response, err := client.Get(ctx, options.key)
			if err == nil && len(response.Kvs) != 1 {
				err = fmt.Errorf("%d keys in the answer", len(response.Kvs))
			}
			return err
		}
		key := fmt.Sprintf("%s/%d/%d", options.key, worker, round%100)
		_, err := client.Put(ctx, key, "0123456789abcdef")
		return err
	}
	each := func(body func(worker int)) {
		var group sync.WaitGroup
		for worker := 0; worker < options.outstanding; worker++ {
			group.Add(1)
			go func(worker int) {
				defer group.Done()
				body(worker)
			}(worker)
		}
		group.Wait()
	}

	each(func(worker int) {
		for round := 0; round < options.warmUp/options.outstanding; round++ {
			check(request(worker, round))
		}
	})

	var result measurement
	latencies := make([][]time.Duration, options.outstanding)
	result.begin()
	deadline := result.started.Add(options.duration)
	each(func(worker int) {
		for round := 0; ; round++ {
			start := time.Now()
			if start.After(deadline) {
				return
			}
			check(request(worker, round))
			latencies[worker] = append(latencies[worker], time.Since(start))
		}
	})
	result.end()
	for _, some := range latencies {
		result.latencies = append(result.latencies, some...)
	}
	return result
}
