package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func beat(t *testing.T, age time.Duration) string {
	t.Helper()
	heartbeat := filepath.Join(t.TempDir(), "heartbeat")
	if err := os.WriteFile(heartbeat, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-age)
	if err := os.Chtimes(heartbeat, then, then); err != nil {
		t.Fatal(err)
	}
	return heartbeat
}

func TestHealthcheckPassesWithAFreshHeartbeat(t *testing.T) {
	if err := healthcheck(beat(t, time.Second), time.Minute); err != nil {
		t.Error(err)
	}
}

func TestHealthcheckFailsWithAStaleHeartbeat(t *testing.T) {
	if healthcheck(beat(t, time.Hour), time.Minute) == nil {
		t.Error("a heartbeat of an hour ago passed")
	}
}

func TestHealthcheckFailsWithoutAHeartbeat(t *testing.T) {
	if healthcheck(filepath.Join(t.TempDir(), "none"), time.Minute) == nil {
		t.Error("a missing heartbeat passed")
	}
}

func TestEachRoundIsAHeartbeat(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	heartbeat := filepath.Join(t.TempDir(), "heartbeat")
	rounds := 0

	err := loop(ctx, heartbeat, time.Millisecond, func() error {
		if rounds++; rounds == 3 {
			stop()
		}
		return nil
	})

	if err != nil || rounds != 3 {
		t.Errorf("%d rounds, %v", rounds, err)
	}
	if err := healthcheck(heartbeat, time.Minute); err != nil {
		t.Error(err)
	}
}

func TestAnEarlierHeartbeatIsGone(t *testing.T) {
	heartbeat := beat(t, time.Second)
	failure := errors.New("no queue")
	err := loop(t.Context(), heartbeat, time.Hour, func() error {
		return cmp.Or(healthcheck(heartbeat, time.Minute), failure)
	})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("health before the first round: %v", err)
	}
}

func TestAStopEndsThePause(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	heartbeat := filepath.Join(t.TempDir(), "heartbeat")
	stopped := make(chan error, 1)
	worked := make(chan struct{})

	go func() {
		stopped <- loop(ctx, heartbeat, time.Hour, func() error {
			close(worked)
			return nil
		})
	}()
	<-worked
	stop()

	select {
	case err := <-stopped:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the pause went on")
	}
}

func TestThePauseFollowsALongRound(t *testing.T) {
	const pause = 20 * time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	heartbeat := filepath.Join(t.TempDir(), "heartbeat")
	var ended time.Time

	err := loop(ctx, heartbeat, pause, func() error {
		if !ended.IsZero() {
			if rest := time.Since(ended); rest < pause {
				t.Errorf("a pause of %s, want %s", rest, pause)
			}
			stop()
		}
		time.Sleep(2 * pause)
		ended = time.Now()
		return nil
	})

	if err != nil {
		t.Error(err)
	}
}

func TestAFailedRoundEndsTheWorker(t *testing.T) {
	failure := errors.New("no queue")
	err := loop(t.Context(), filepath.Join(t.TempDir(), "heartbeat"), time.Hour, func() error {
		return failure
	})
	if !errors.Is(err, failure) {
		t.Errorf("loop = %v, want %v", err, failure)
	}
}
