"""One rotation: observe (`looking`), decide (`core.next_step`), perform (`effects`), record; `loop` joins them."""
