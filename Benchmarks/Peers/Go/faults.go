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

// putThroughFaults begins a put every 10 ms, whether those before have ended or not, and prints for
// each when it began, when it ended and how; times in microseconds since 1970.
func putThroughFaults(client *clientv3.Client, options options) {
	count := int(options.duration / (10 * time.Millisecond))
	lines := make([]string, count)
	var group sync.WaitGroup
	start := time.Now()
	for i := 0; i < count; i++ {
		time.Sleep(time.Until(start.Add(time.Duration(i) * 10 * time.Millisecond)))
		group.Add(1)
		go func(i int) {
			defer group.Done()
			began := time.Now()
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			_, err := client.Put(ctx, fmt.Sprintf("%s/%d", options.key, i%100), fmt.Sprint(i))
			outcome := "ok"
			if err != nil {
				outcome = "error"
			}
			lines[i] = fmt.Sprintf("%d %d %s", micros(began), micros(time.Now()), outcome)
		}(i)
	}
	group.Wait()
	for _, line := range lines {
		fmt.Println(line)
	}
}

// watchThroughFaults prints for each event when it came and what it was.
func watchThroughFaults(client *clientv3.Client, options options) {
	ctx, cancel := context.WithTimeout(context.Background(), options.duration)
	defer cancel()
	for response := range client.Watch(clientv3.WithRequireLeader(ctx), options.key) {
		for _, event := range response.Events {
			fmt.Printf("%d %s\n", micros(time.Now()), event.Kv.Value)
		}
	}
}

func micros(t time.Time) int64 {
	return t.UnixNano() / 1000
}
