"""What the database itself refuses: to change, remove or reorder an event; and what it lets an erasure take away."""

from typing import Final

SQLITE: Final = (
    """
    CREATE TRIGGER event_stays_as_it_is BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END
    """,
    """
    CREATE TRIGGER event_stays BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'an event is never removed'); END
    """,
    """
    CREATE TRIGGER event_comes_next BEFORE INSERT ON event
    WHEN NEW.n <> (SELECT COALESCE(MAX(n), 0) + 1 FROM event WHERE "case" = NEW."case")
    BEGIN SELECT RAISE(ABORT, 'an event comes after the one before it'); END
    """,
)

POSTGRESQL: Final = (
    """
    CREATE FUNCTION event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'an event is never changed or removed'; END $$
    """,
    """
    CREATE TRIGGER event_stays BEFORE UPDATE OR DELETE ON event
    FOR EACH ROW EXECUTE FUNCTION event_stays()
    """,
    """
    CREATE TRIGGER events_stay BEFORE TRUNCATE ON event
    FOR EACH STATEMENT EXECUTE FUNCTION event_stays()
    """,
    """
    CREATE FUNCTION event_comes_next() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.n <> (SELECT COALESCE(MAX(n), 0) + 1 FROM event WHERE "case" = NEW."case") THEN
            RAISE EXCEPTION 'an event comes after the one before it';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER event_comes_next BEFORE INSERT ON event
    FOR EACH ROW EXECUTE FUNCTION event_comes_next()
    """,
)

WITH_ERASING_SQLITE: Final = (
    "DROP TRIGGER event_stays_as_it_is",
    """
    CREATE TRIGGER event_stays_as_it_is BEFORE UPDATE ON event
    WHEN NOT (
        length(NEW.sealed) = 0 AND NEW."case" = OLD."case" AND NEW.n = OLD.n AND NEW.entry = OLD.entry
        AND NEW.previous = OLD.previous AND NEW.hash = OLD.hash
        AND EXISTS (SELECT 1 FROM tombstone WHERE "case" = OLD."case")
    )
    BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END
    """,
)
"""Of a case that was erased, what its events say can be emptied; their links stay."""

WITH_ERASING_POSTGRESQL: Final = (
    """
    CREATE OR REPLACE FUNCTION event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF length(NEW.sealed) = 0 AND NEW."case" = OLD."case" AND NEW.n = OLD.n AND NEW.entry = OLD.entry
                AND NEW.previous = OLD.previous AND NEW.hash = OLD.hash
                AND EXISTS (SELECT 1 FROM tombstone WHERE "case" = OLD."case")
            THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION 'an event is never changed or removed';
    END $$
    """,
)

CHECKPOINTS_SQLITE: Final = (
    *(
        f"""
        CREATE TRIGGER {table}_{does}_never BEFORE {does} ON {table}
        BEGIN SELECT RAISE(ABORT, 'a checkpoint is never changed or removed'); END
        """
        for table in ("checkpoint", "checkpoint_head")
        for does in ("UPDATE", "DELETE")
    ),
    """
    CREATE TRIGGER checkpoint_comes_next BEFORE INSERT ON checkpoint
    WHEN NEW.n <> (SELECT COALESCE(MAX(n), 0) + 1 FROM checkpoint)
    BEGIN SELECT RAISE(ABORT, 'a checkpoint comes after the one before it'); END
    """,
    """
    CREATE TRIGGER checkpoint_head_is_of_the_last BEFORE INSERT ON checkpoint_head
    WHEN NEW.checkpoint <> (SELECT MAX(n) FROM checkpoint) OR EXISTS (
        SELECT 1 FROM checkpoint_head WHERE "case" = NEW."case" AND checkpoint >= NEW.checkpoint
    )
    BEGIN SELECT RAISE(ABORT, 'a head belongs to the last checkpoint'); END
    """,
)
"""A checkpoint stays as it was signed."""

CHECKPOINTS_POSTGRESQL: Final = (
    """
    CREATE FUNCTION checkpoint_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'a checkpoint is never changed or removed'; END $$
    """,
    *(
        f"""
        CREATE TRIGGER {table}_{name} BEFORE {does} ON {table}
        FOR EACH {each} EXECUTE FUNCTION checkpoint_stays()
        """
        for table in ("checkpoint", "checkpoint_head")
        for name, does, each in (("stays", "UPDATE OR DELETE", "ROW"), ("all_stay", "TRUNCATE", "STATEMENT"))
    ),
    """
    CREATE FUNCTION checkpoint_comes_next() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.n <> (SELECT COALESCE(MAX(n), 0) + 1 FROM checkpoint) THEN
            RAISE EXCEPTION 'a checkpoint comes after the one before it';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER checkpoint_comes_next BEFORE INSERT ON checkpoint
    FOR EACH ROW EXECUTE FUNCTION checkpoint_comes_next()
    """,
    """
    CREATE FUNCTION checkpoint_head_is_of_the_last() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.checkpoint <> (SELECT MAX(n) FROM checkpoint) OR EXISTS (
            SELECT 1 FROM checkpoint_head WHERE "case" = NEW."case" AND checkpoint >= NEW.checkpoint
        ) THEN
            RAISE EXCEPTION 'a head belongs to the last checkpoint';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER checkpoint_head_is_of_the_last BEFORE INSERT ON checkpoint_head
    FOR EACH ROW EXECUTE FUNCTION checkpoint_head_is_of_the_last()
    """,
)
