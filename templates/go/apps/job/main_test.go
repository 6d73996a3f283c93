package main

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestAllItemsAreWorked(t *testing.T) {
	var worked []int
	err := run(t.Context(), 3, func(item int) error {
		worked = append(worked, item)
		return nil
	})
	if err != nil || !slices.Equal(worked, []int{1, 2, 3}) {
		t.Errorf("worked %v, %v", worked, err)
	}
}

func TestAStopFinishesTheItemInWork(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	worked := 0
	err := run(ctx, 3, func(int) error {
		stop()
		worked++
		return nil
	})
	if !errors.Is(err, errStopped) || worked != 1 {
		t.Errorf("worked %d, %v", worked, err)
	}
}

func TestAFailedItemEndsTheJob(t *testing.T) {
	failure := errors.New("no such file")
	err := run(t.Context(), 3, func(int) error { return failure })
	if !errors.Is(err, failure) {
		t.Errorf("run = %v, want %v", err, failure)
	}
}
