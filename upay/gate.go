package upay

import (
	"context"
	"sync"
)

// gate lets many calls through at a time, or one check-in while no call is on its way.
type gate struct {
	mu    sync.Mutex
	calls int
	shutC chan struct{} // open while a check-in waits or runs
	idle  chan struct{} // closed when the last call leaves a shut gate
}

// enter waits until no check-in waits or runs.
func (g *gate) enter(ctx context.Context) error {
	for {
		g.mu.Lock()
		shut := g.shutC
		if shut == nil {
			g.calls++
			g.mu.Unlock()
			return nil
		}
		g.mu.Unlock()
		select {
		case <-shut:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.calls--; g.calls == 0 && g.idle != nil {
		close(g.idle)
		g.idle = nil
	}
}

// shut holds new calls back and waits for those on their way.
func (g *gate) shut(ctx context.Context) (open func(), err error) {
	for {
		g.mu.Lock()
		other := g.shutC
		if other == nil {
			break
		}
		g.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	shut := make(chan struct{})
	g.shutC = shut
	var idle chan struct{}
	if g.calls > 0 {
		idle = make(chan struct{})
		g.idle = idle
	}
	g.mu.Unlock()
	open = func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.shutC, g.idle = nil, nil
		close(shut)
	}
	if idle != nil {
		select {
		case <-idle:
		case <-ctx.Done():
			open()
			return nil, context.Cause(ctx)
		}
	}
	return open, nil
}
