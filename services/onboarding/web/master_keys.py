"""Routes of the vault's master keys, for operators: which are in use, and data keys wrapped with the current one."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from chassis.callers import Store
from chassis.operations import Operator
from services.onboarding import vault
from services.onboarding.vault import rotation

router = APIRouter(prefix="/v1/vault", tags=["operations"])


class MasterKeyShown(BaseModel):
    """A master key: `present` in the file, `current` for what is new, and how many data keys it wraps."""

    id: str
    present: bool
    current: bool
    in_use: int


class VaultShown(BaseModel):
    """The master keys, the current one first. `remaining` data keys are wrapped by another than the current one."""

    keys: list[MasterKeyShown]
    remaining: int


class Rotation(BaseModel):
    """How many data keys to wrap anew at most, in one transaction."""

    limit: Annotated[int, Field(ge=1, le=5000, strict=True)] = 1000


class Rewrapped(BaseModel):
    """How many were wrapped anew; 0: none is left that can be."""

    rewrapped: int


@router.get("", summary="The master keys, and what each wraps")
async def show(_: Operator, store: Store) -> VaultShown:
    master = vault.opened().master
    master.look_again()
    counts = await rotation.in_use(store)
    present = master.ids()
    keys = [
        MasterKeyShown(id=each, present=each in present, current=each == present[0], in_use=counts.get(each, 0))
        for each in (*present, *sorted(counts.keys() - set(present)))
    ]
    return VaultShown(keys=keys, remaining=sum(counts.values()) - counts.get(present[0], 0))


@router.post("/rotation", summary="Wraps some data keys anew with the current master key")
async def rotate(_: Operator, store: Store, order: Rotation) -> Rewrapped:
    master = vault.opened().master
    async with store.unit_of_work() as uow:
        return Rewrapped(rewrapped=await rotation.rewrap(uow, master, order.limit))
